/** The part that knows no framework: the hooks are made of it, and so is the gallery of the server's own pages. */
export { AeontelClient, type ClientOptions, type Query, type Token } from "./client.js";
export { AeontelError, failure, parsed } from "./error.js";
export { EventStream, type LiveState, type News } from "./stream.js";
export type * from "./types.js";
export { newKey, type Progress, type Upload, uploadFile, type UploadOptions } from "./upload.js";

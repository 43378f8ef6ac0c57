export { AeontelClient, type ClientOptions, type Token } from "./client.js";
export { AeontelError } from "./error.js";
export type { LiveState } from "./events.js";
export { AeontelProvider, type AeontelProviderProps, useAeontelClient } from "./provider.js";
export type {
  AeontelEvent, FieldProblem, Image, ImageList, Include, PageInfo, Problem, UploadedFile,
} from "./types.js";
export { type Progress, type Upload, uploadFile, type UploadOptions } from "./upload.js";
export { type DeleteImageResult, useDeleteImage } from "./useDeleteImage.js";
export { type ImagesSeen, type ListImagesOptions, type ListImagesResult, useListImages } from "./useListImages.js";
export { type RetrieveImageOptions, useRetrieveImage } from "./useRetrieveImage.js";
export { type UploadFileResult, useUploadFile } from "./useUploadFile.js";

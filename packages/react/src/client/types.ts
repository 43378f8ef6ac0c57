import type { components } from "./openapi.js";

type Schemas = components["schemas"];

/** An image. `file`, `placeholder` and `variants` are there only when `include` asked for them. */
export type Image = Schemas["ImageShown"];
export type ImageList = Schemas["ImageList"];
export type PageInfo = Schemas["PageInfo"];
/** A file; its image, if it is one, appears in the gallery by itself soon after the upload. */
export type UploadedFile = Schemas["FileShown"];
/** Something that happened, as the event stream tells it. */
export type AeontelEvent = Schemas["EventShown"];
/** A failure as the server describes it (RFC 9457). */
export type Problem = Schemas["Problem"];
/** One fault of the input: a JSON pointer or the parameter's name, and what is wrong with it. */
export type FieldProblem = Schemas["FieldProblem"];
/** More about each image. */
export type Include = "file" | "placeholder" | "variants";

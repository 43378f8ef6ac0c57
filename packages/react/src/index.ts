export {
  AeontelClient, AeontelError, type AeontelEvent, type ClientOptions, type FieldProblem, type Image, type ImageList,
  type Include, type LiveState, type PageInfo, type Problem, type Progress, type Token, type Upload,
  type UploadedFile, uploadFile, type UploadOptions,
} from "./client/index.js";
export { AeontelProvider, type AeontelProviderProps, useAeontelClient } from "./provider.js";
export { type DeleteImageResult, useDeleteImage } from "./useDeleteImage.js";
export { type ImagesSeen, type ListImagesOptions, type ListImagesResult, useListImages } from "./useListImages.js";
export { type RetrieveImageOptions, useRetrieveImage } from "./useRetrieveImage.js";
export { type UploadFileResult, useUploadFile } from "./useUploadFile.js";

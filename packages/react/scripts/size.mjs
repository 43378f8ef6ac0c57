// How many bytes each hook brings to a page: minified and gzipped, without React and TanStack Query.
import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const PARTS = {
  everything: "*",
  useListImages: "{ AeontelProvider, useListImages }",
  useRetrieveImage: "{ AeontelProvider, useRetrieveImage }",
  useDeleteImage: "{ AeontelProvider, useDeleteImage }",
  useUploadFile: "{ AeontelProvider, useUploadFile }",
};

for (const [name, taken] of Object.entries(PARTS)) {
  const { outputFiles } = await build({
    stdin: {
      contents: `export ${taken} from "./dist/index.js"`,
      resolveDir: fileURLToPath(new URL("..", import.meta.url)),
    },
    external: ["react", "@tanstack/react-query"],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
  });
  const [{ contents }] = outputFiles;
  console.log(`${name.padEnd(16)} ${String(contents.length).padStart(6)} bytes ${String(gzipSync(contents).length).padStart(6)} gzipped`);
}

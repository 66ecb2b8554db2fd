import { defineConfig } from "rolldown";

export default defineConfig({
  input: { rehearse: "src/cli/main.ts" },
  platform: "node",
  output: {
    dir: "dist",
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "chunks/[name].js",
    minify: false,
  },
});

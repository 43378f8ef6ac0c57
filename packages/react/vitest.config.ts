import { defineConfig } from "vitest/config";

/** Pages of the tests have an origin of their own, so that what they send is asked for as by a real page (CORS). */
export default defineConfig({
  test: {
    environment: "jsdom",
    environmentOptions: { jsdom: { url: "http://localhost:5173/" } },
    setupFiles: ["tests/setup.ts"],
    include: ["tests/**/*.test.{ts,tsx}"],
    // One server answers them all: more at a time would only make each of them wait.
    maxWorkers: 1,
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

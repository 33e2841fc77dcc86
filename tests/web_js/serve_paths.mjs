/** Lets Node.js find modules under the addresses at which the server serves them. Used with `node --import`. */

import { registerHooks } from "node:module";

const ROOT = new URL("../../", import.meta.url);
const FOLDERS = {
  "/static/shared/": "rider_client/web/shared/",
  "/static/rider/": "rider_client/web/",
  "/static/driver/": "driver_terminal/web/",
  "/static/ops/": "server/ops_console/",
};

registerHooks({
  resolve(specifier, context, next) {
    for (const [address, folder] of Object.entries(FOLDERS)) {
      if (specifier.startsWith(address)) {
        const url = new URL(folder + specifier.slice(address.length), ROOT).href;
        return { url, format: "module", shortCircuit: true };
      }
    }
    return next(specifier, context);
  },
});

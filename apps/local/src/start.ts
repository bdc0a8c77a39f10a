import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isBundleFresh } from './bundle-sources.ts';

// Loading a thousand modules is half of the time that a start takes. So `npm ci` makes a few files of them (tools/bundle.ts); who has
// changed something since runs what is changed.
const root = join(import.meta.dirname, '../../..');
const bundleDir = join(root, 'dist/local');
await (isBundleFresh(bundleDir, { root })
  ? import(pathToFileURL(join(bundleDir, 'main.js')).href)
  : import('./main.ts'));

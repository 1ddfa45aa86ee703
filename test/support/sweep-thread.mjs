// The sweep thread from its source: a thread has none of what runs TypeScript in its process.
import './run-typescript.mjs';

await import('../../libs/image-cache/src/stores/filesystem/upkeep/sweep-thread.ts');

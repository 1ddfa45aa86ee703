#!/usr/bin/env node
'use strict';

// CommonJS, because it loads synchronously: the first ECMAScript module that is imported starts the thread pool, which
// keeps the size that it has then.
const { readFileSync } = require('node:fs');
const { availableParallelism } = require('node:os');
const { parse } = require('yaml');

/** Threads that are kept for files while all renders are under way. */
const THREADS_FOR_FILES = 4;
const FEWEST_THREADS = 8;

/** What is configured is checked later on, with an explanation; here it only has to be found. */
function configuredConcurrency() {
  const { PROCESSOR_CONCURRENCY: variable = '' } = process.env;
  const value = Number(variable === '' ? concurrencyInFile() : variable);
  return Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

function concurrencyInFile() {
  try {
    const settings = parse(readFileSync(configurationFile(), 'utf8'));
    return settings['processor.concurrency'] ?? settings.processor?.concurrency;
  } catch {
    return undefined;
  }
}

function configurationFile() {
  const index = process.argv.findIndex((argument) => /^--config(=|$)/.test(argument));
  if (index === -1) return process.env.IMAGE_SERVER_CONFIG;
  return process.argv[index].slice('--config='.length) || process.argv[index + 1];
}

const concurrency = configuredConcurrency() ?? availableParallelism();
const needed = concurrency + THREADS_FOR_FILES;
const preset = process.env.UV_THREADPOOL_SIZE ?? '';

if (preset !== '' && !(Number(preset) >= needed)) {
  process.stderr.write(
    `image-server: UV_THREADPOOL_SIZE is ${preset}; ${concurrency} renders at a time need ${needed} or more. ` +
      'Leave it out to have it set.\n',
  );
  process.exit(1);
}
if (preset === '') process.env.UV_THREADPOOL_SIZE = String(Math.max(needed, FEWEST_THREADS));

import('../dist/main.js').catch((error) => {
  process.stderr.write(`image-server: cannot start: ${error.message}\n`);
  process.exit(1);
});

// Prints the digest of the vector that transformers.js computes for a sentence.
//
//   node read_transformers_js.mjs MODEL [FOLDER]    the model is FOLDER/MODEL, in place of the cache

import { createHash } from 'node:crypto';
import { env, pipeline } from '@huggingface/transformers';

const [model, folder] = process.argv.slice(2);
env.allowRemoteModels = false;
if (folder)
    env.localModelPath = folder;
const extract = await pipeline('feature-extraction', model, { dtype: 'q8' });
const { data, dims } = await extract('The quick brown fox.', { pooling: 'mean', normalize: true });
console.log(dims.join('x'), createHash('sha256').update(Buffer.from(data.buffer)).digest('hex'));

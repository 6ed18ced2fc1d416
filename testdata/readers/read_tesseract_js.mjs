// Prints the words that tesseract.js finds in an image:  node read_tesseract_js.mjs IMAGE

import { createWorker } from 'tesseract.js';

const worker = await createWorker('eng');
const { data } = await worker.recognize(process.argv[2]);
console.log(data.text.trim());
await worker.terminate();

import { usage } from './failures.ts';

const MAX_BODY_BYTES = 65_536;

/** The text of the body, empty without one; its length need not be announced. Throws AppError usage beyond the limit. */
export async function readBody(request: Request): Promise<string> {
  if (Number(request.headers.get('content-length') ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  if (request.body === null) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function tooLarge(): Error {
  return usage(
    { en: 'request too large', zh: '请求过大' },
    {
      en: `the body exceeds ${MAX_BODY_BYTES} bytes`,
      zh: `请求体超过 ${MAX_BODY_BYTES} 字节`,
    },
  );
}

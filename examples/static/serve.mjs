// Serves the files of ./public.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';

const root = join(import.meta.dirname, 'public');
const types = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
};

const server = createServer(async (request, response) => {
  const file = await findFile(request.url ?? '/');
  if (file === null) {
    response.writeHead(404).end('not found\n');
    return;
  }
  response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' });
  if (request.method === 'HEAD') response.end();
  else createReadStream(file).pipe(response);
});

/** The file below the root that the URL names; null: there is none. */
async function findFile(url) {
  try {
    const path = normalize(join(root, decodeURIComponent(new URL(url, 'http://site').pathname)));
    const file = path.endsWith(sep) ? join(path, 'index.html') : path;
    if (!file.startsWith(root + sep)) return null;
    return (await stat(file)).isFile() ? file : null;
  } catch {
    return null;
  }
}

// Requests under way are answered, idle connections are closed, then the process ends by itself.
process.on('SIGTERM', () => server.close());

server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import type { Plugin } from 'vite'

/** Less than a packet gains nothing. */
const LEAST = 1024

/** Beside every file of the built app that shrinks its compressed twins: the server hands them out as they are. */
export function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    enforce: 'post',
    closeBundle: {
      order: 'post',
      sequential: true,
      handler() {
        for (const path of readdirSync('dist', { recursive: true, encoding: 'utf8' })) {
          if (!/\.(js|css|html|svg|webmanifest)$/.test(path)) continue
          const file = join('dist', path)
          const content = readFileSync(file)
          if (content.length < LEAST) continue
          writeFileSync(`${file}.gz`, gzipSync(content, { level: 9 }))
          const params = {
            [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
            [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
          }
          writeFileSync(`${file}.br`, brotliCompressSync(content, { params }))
        }
      },
    },
  }
}

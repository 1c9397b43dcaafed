import path from 'node:path'
import { defineConfig } from 'prisma/config'

// For developers: `prisma generate`, `prisma migrate …`. The engine is the one in bin/, so nothing is downloaded, and
// it runs on the project's own Node 24.
const bin = path.join(import.meta.dirname, 'node_modules', '.bin')
process.env.PATH = `${bin}${path.delimiter}${process.env.PATH}`
process.env.PRISMA_SCHEMA_ENGINE_BINARY = path.join(import.meta.dirname, 'bin', 'schema-engine.mjs')
process.env.CHECKPOINT_DISABLE = '1'
process.env.PRISMA_HIDE_UPDATE_MESSAGE = '1'

const url = process.env.DATABASE_URL

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  ...(url && { datasource: { url } }),
})

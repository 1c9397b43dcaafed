import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { environmentFileJsonSchema } from '#lib/environment/environment-file.ts'

// Writes public/backup-environment.schema.json anew; a test says when that is needed.
const file = path.join(import.meta.dirname, '..', 'public', 'backup-environment.schema.json')
writeFileSync(file, environmentFileJsonSchema())

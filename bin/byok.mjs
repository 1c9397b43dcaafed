#!/usr/bin/env node
// `npx byok …`
process.argv.splice(2, 0, 'byok')
await import('./bootstrap.mjs')

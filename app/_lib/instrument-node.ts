import { endStreams } from './shutdown.ts'

process.once('SIGTERM', endStreams)
process.once('SIGINT', endStreams)

// Is ready at once and has nothing to do. With the argument `stubborn` it does not stop when asked.
import { connect } from 'node:net'

const database = new URL(process.env.DATABASE_URL)
const socket = connect(Number(database.port), database.hostname)
// Without its database it ends, as a worker may.
socket.on('close', () => process.exit(1))
process.on('SIGTERM', () => process.argv.includes('stubborn') || process.exit(0))
process.send({ ready: true })

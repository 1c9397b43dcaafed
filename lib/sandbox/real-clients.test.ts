import { clientPrograms, describeClients, isInstalled } from './test-real-clients.ts'

// Those that are here. One that is missing is no test at all; the soak installs it.
describeClients(clientPrograms.filter(isInstalled))

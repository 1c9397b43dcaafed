/** Whose worker stopped is on no row: the next one takes the job, on whatever machine it is. */
export const workerLogs =
  'The log of its worker says why: logs/worker.log in the console’s data folder, or, on another machine, wherever the output of byok worker goes.'

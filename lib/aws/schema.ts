/** Every AWS Region by partition, from the AWS SDK's own list of November 2026. A region becomes part of a host name, so it is only ever taken from here. */
const byPartition = {
  aws: {
    'af-south-1': 'Africa (Cape Town)',
    'ap-east-1': 'Asia Pacific (Hong Kong)',
    'ap-east-2': 'Asia Pacific (Taipei)',
    'ap-northeast-1': 'Asia Pacific (Tokyo)',
    'ap-northeast-2': 'Asia Pacific (Seoul)',
    'ap-northeast-3': 'Asia Pacific (Osaka)',
    'ap-south-1': 'Asia Pacific (Mumbai)',
    'ap-south-2': 'Asia Pacific (Hyderabad)',
    'ap-southeast-1': 'Asia Pacific (Singapore)',
    'ap-southeast-2': 'Asia Pacific (Sydney)',
    'ap-southeast-3': 'Asia Pacific (Jakarta)',
    'ap-southeast-4': 'Asia Pacific (Melbourne)',
    'ap-southeast-5': 'Asia Pacific (Malaysia)',
    'ap-southeast-6': 'Asia Pacific (New Zealand)',
    'ap-southeast-7': 'Asia Pacific (Thailand)',
    'ca-central-1': 'Canada (Central)',
    'ca-west-1': 'Canada West (Calgary)',
    'eu-central-1': 'Europe (Frankfurt)',
    'eu-central-2': 'Europe (Zurich)',
    'eu-north-1': 'Europe (Stockholm)',
    'eu-south-1': 'Europe (Milan)',
    'eu-south-2': 'Europe (Spain)',
    'eu-west-1': 'Europe (Ireland)',
    'eu-west-2': 'Europe (London)',
    'eu-west-3': 'Europe (Paris)',
    'il-central-1': 'Israel (Tel Aviv)',
    'me-central-1': 'Middle East (UAE)',
    'me-south-1': 'Middle East (Bahrain)',
    'mx-central-1': 'Mexico (Central)',
    'sa-east-1': 'South America (Sao Paulo)',
    'us-east-1': 'US East (N. Virginia)',
    'us-east-2': 'US East (Ohio)',
    'us-west-1': 'US West (N. California)',
    'us-west-2': 'US West (Oregon)',
  },
  'aws-cn': {
    'cn-north-1': 'China (Beijing)',
    'cn-northwest-1': 'China (Ningxia)',
  },
  'aws-eusc': {
    'eusc-de-east-1': 'AWS European Sovereign Cloud (Germany)',
  },
  'aws-iso': {
    'us-iso-east-1': 'US ISO East',
    'us-iso-west-1': 'US ISO WEST',
  },
  'aws-iso-b': {
    'us-isob-east-1': 'US ISOB East (Ohio)',
    'us-isob-west-1': 'US ISOB West',
  },
  'aws-iso-e': {
    'eu-isoe-west-1': 'EU ISOE West',
  },
  'aws-iso-f': {
    'us-isof-east-1': 'US ISOF EAST',
    'us-isof-south-1': 'US ISOF SOUTH',
  },
  'aws-us-gov': {
    'us-gov-east-1': 'AWS GovCloud (US-East)',
    'us-gov-west-1': 'AWS GovCloud (US-West)',
  },
} as const satisfies Record<string, Record<string, string>>

export type Partition = keyof typeof byPartition

export interface Region {
  readonly id: string
  /** As AWS writes it: `US West (Oregon)`. */
  readonly name: string
  readonly partition: Partition
}

export const regions: readonly Region[] = Object.entries(byPartition).flatMap(([partition, names]) =>
  Object.entries(names).map(([id, name]) => ({ id, name, partition: partition as Partition })),
)

export function findRegion(id: string): Region | undefined {
  return regions.find((region) => region.id === id)
}

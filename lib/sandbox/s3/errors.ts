import { AwsError } from '../aws-error.ts'

export const accessDenied = (message = 'Access Denied') => new AwsError('AccessDenied', message, 403)

export const noSuchBucket = (name: string) =>
  new AwsError('NoSuchBucket', 'The specified bucket does not exist', 404, { details: { BucketName: name } })

export const noSuchKey = (key: string) =>
  new AwsError('NoSuchKey', 'The specified key does not exist.', 404, { details: { Key: key } })

export const invalidArgument = (message: string, name?: string, value?: string) =>
  new AwsError('InvalidArgument', message, 400, {
    details: {
      ...(name !== undefined && { ArgumentName: name }),
      ...(value !== undefined && { ArgumentValue: value }),
    },
  })

export const invalidRequest = (message: string) => new AwsError('InvalidRequest', message)

export const malformedXml = () =>
  new AwsError(
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema',
  )

export const preconditionFailed = (condition: string) =>
  new AwsError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', 412, {
    details: { Condition: condition },
  })

export const notImplemented = (header: string) =>
  new AwsError('NotImplemented', 'A header you provided implies functionality that is not implemented', 501, {
    details: { Header: header },
  })

export const incompleteBody = () =>
  new AwsError('IncompleteBody', 'You did not provide the number of bytes specified by the Content-Length HTTP header')

import { createAlias, deleteAlias, listAliases, updateAlias } from './aliases.ts'
import { createKey } from './create-key.ts'
import { generateDataKey, generateDataKeyWithoutPlaintext } from './data-key.ts'
import { describeKey } from './describe-key.ts'
import { decrypt, encrypt, reEncrypt } from './encrypt.ts'
import { createGrant, listGrants, retireGrant, revokeGrant } from './grants.ts'
import { deleteImportedKeyMaterial, getParametersForImport, importKeyMaterial } from './import-material.ts'
import { cancelKeyDeletion, disableKey, enableKey, listKeys, scheduleKeyDeletion } from './key-lifecycle.ts'
import { getKeyPolicy, listKeyPolicies, putKeyPolicy } from './key-policy.ts'
import type { KmsHandler } from './kms-call.ts'
import { getKeyLastUsage } from './last-usage.ts'
import { replicateKey } from './replicate-key.ts'
import {
  disableKeyRotation,
  enableKeyRotation,
  getKeyRotationStatus,
  listKeyRotations,
  rotateKeyOnDemand,
} from './rotation.ts'
import { listResourceTags, tagResource, untagResource } from './tags.ts'

/** Every operation of KMS that there is here, by the name in `X-Amz-Target`. */
export const kmsOperations: ReadonlyMap<string, KmsHandler> = new Map(
  Object.entries({
    CancelKeyDeletion: cancelKeyDeletion,
    CreateAlias: createAlias,
    CreateGrant: createGrant,
    CreateKey: createKey,
    Decrypt: decrypt,
    DeleteAlias: deleteAlias,
    DeleteImportedKeyMaterial: deleteImportedKeyMaterial,
    DescribeKey: describeKey,
    DisableKey: disableKey,
    DisableKeyRotation: disableKeyRotation,
    EnableKey: enableKey,
    EnableKeyRotation: enableKeyRotation,
    Encrypt: encrypt,
    GenerateDataKey: generateDataKey,
    GenerateDataKeyWithoutPlaintext: generateDataKeyWithoutPlaintext,
    GetKeyLastUsage: getKeyLastUsage,
    GetKeyPolicy: getKeyPolicy,
    GetKeyRotationStatus: getKeyRotationStatus,
    GetParametersForImport: getParametersForImport,
    ImportKeyMaterial: importKeyMaterial,
    ListAliases: listAliases,
    ListGrants: listGrants,
    ListKeyPolicies: listKeyPolicies,
    ListKeyRotations: listKeyRotations,
    ListKeys: listKeys,
    ListResourceTags: listResourceTags,
    PutKeyPolicy: putKeyPolicy,
    ReEncrypt: reEncrypt,
    ReplicateKey: replicateKey,
    RetireGrant: retireGrant,
    RevokeGrant: revokeGrant,
    RotateKeyOnDemand: rotateKeyOnDemand,
    ScheduleKeyDeletion: scheduleKeyDeletion,
    TagResource: tagResource,
    UntagResource: untagResource,
    UpdateAlias: updateAlias,
  }),
)

import { PageSkeleton, Skeleton } from '#components/ui/skeleton.tsx'

export default function Loading() {
  return (
    <PageSkeleton>
      <Skeleton className="mb-4 h-[96px]" />
      <Skeleton className="mb-4 h-[62px] max-w-[32rem]" />
      <Skeleton className="h-[420px]" />
    </PageSkeleton>
  )
}

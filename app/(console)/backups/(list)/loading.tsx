import { CardSkeleton, PageSkeleton, Skeleton } from '#components/ui/skeleton.tsx'

export default function Loading() {
  return (
    <PageSkeleton>
      <CardSkeleton className="mb-4 h-[96px]" />
      <Skeleton className="mt-6.5 mb-4 h-9 max-w-[32rem]" />
      <CardSkeleton className="h-[420px]" />
    </PageSkeleton>
  )
}

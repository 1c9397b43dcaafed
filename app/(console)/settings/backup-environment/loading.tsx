import { CardSkeleton, PageSkeleton } from '#components/ui/skeleton.tsx'

export default function Loading() {
  return (
    <PageSkeleton>
      <div className="grid grid-cols-1 items-start gap-6 min-[1100px]:grid-cols-[minmax(0,1fr)_420px]">
        <div className="space-y-4">
          <CardSkeleton className="h-[152px]" />
          <CardSkeleton className="h-[280px]" />
          <CardSkeleton className="h-[140px]" />
        </div>
        <CardSkeleton className="h-[400px]" />
      </div>
    </PageSkeleton>
  )
}

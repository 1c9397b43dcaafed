import { CardSkeleton, PageSkeleton } from '#components/ui/skeleton.tsx'

export default function Loading() {
  return (
    <PageSkeleton>
      <div className="grid grid-cols-1 items-start gap-4 min-[1100px]:grid-cols-2">
        <CardSkeleton className="h-[290px]" />
        <CardSkeleton className="h-[290px]" />
      </div>
    </PageSkeleton>
  )
}

import { createContext, type ReactNode, use, useEffect, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { familyIn, type Home } from '@/api/family'
import { useMe } from '@/pages/context/useContextId'
import { atMoment } from '@/texts/zone'
import { Chip } from '@/ui/Chip'
import classes from './Family.module.css'
import { type Count, countsOf, type Marks, marked, type Shown } from './parts'
import { useSeen } from './useSeen'

interface Told {
  marks: Marks
  counts: Map<Shown, Count>
}

const NewsContext = createContext<Told>({ marks: new Map(), counts: new Map() })

/**
 * What is new since somebody looked last, around the page that shows it. What was marked stays so until they leave, whatever
 * comes meanwhile; the mark of their look moves when the page was in front of them.
 */
export function News({
  patient,
  home,
  zone,
  children,
}: {
  patient: string
  home: Home
  zone: string
  children: ReactNode
}) {
  const { t } = useTranslation()
  const { context } = useMe()
  const { news, resources } = home
  const [marks, setMarks] = useState<Marks>(() => marked(new Map(), news))
  const [since] = useState(news?.since)
  useEffect(() => setMarks((known) => marked(known, news)), [news])
  // A page that is fetched again is looked at anew; a look that is refused is said with the next one.
  useSeen(null, news?.look, () => {
    if (news)
      familyIn(context)
        .look(patient, news.look)
        .catch(() => {})
  })
  const told = useMemo(() => ({ marks, counts: countsOf(resources, marks) }), [marks, resources])
  return (
    <NewsContext value={told}>
      {since && told.counts.size === 0 && (
        <p className={classes.quiet}>{t('family.newsNone', { time: atMoment(since, zone) })}</p>
      )}
      {since && told.counts.size > 0 && (
        <section className={classes.news} aria-label={t('family.newsTitle')}>
          <p>{t('family.newsSince', { time: atMoment(since, zone) })}</p>
          <ul>
            {[...told.counts].map(([category, count]) => (
              <li key={category}>
                <a href={`#${category}`}>{t(`family.category_${category}`)}</a>: <Words count={count} />
              </li>
            ))}
          </ul>
        </section>
      )}
      {children}
    </NewsContext>
  )
}

function Words({ count }: { count: Count }) {
  const { t } = useTranslation()
  return [
    count.new > 0 && t('family.newsNew', { count: count.new }),
    count.changed > 0 && t('family.newsChanged', { count: count.changed }),
  ]
    .filter(Boolean)
    .join(', ')
}

/** At a record: that it is new, or says something that it did not. */
export function Mark({ ids }: { ids: (string | undefined)[] }) {
  const { t } = useTranslation()
  const { marks } = use(NewsContext)
  const kinds = ids.map((it) => it && marks.get(it))
  if (kinds.includes('new')) return <Chip kind="good">{t('family.new')}</Chip>
  if (kinds.includes('changed')) return <Chip kind="good">{t('family.changed')}</Chip>
  return null
}

/** At a heading: how much below it is new. */
export function MarkOf({ category }: { category: Shown }) {
  const count = use(NewsContext).counts.get(category)
  return count ? (
    <Chip kind="good">
      <Words count={count} />
    </Chip>
  ) : null
}

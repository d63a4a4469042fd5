internal import WSQueueLibc

/// The time of day where this process is (tzset(3)): what people write without a zone.
package enum LocalTime {
    /// The moment at which clocks here show a date and a time (mktime(3)). Of a time that clocks skip it is the first moment
    /// after it, as cron(8) and systemd(1) have it; of one that they show twice, one of the two.
    ///
    /// - Parameter day: Of the month, which must have it.
    package static func unixSeconds(
        year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int
    ) -> Int64 {
        var time = unsafe tm()
        unsafe time.tm_year = Int32(clamping: year - 1_900)
        unsafe time.tm_mon = Int32(clamping: month - 1)
        unsafe time.tm_mday = Int32(clamping: day)
        unsafe time.tm_hour = Int32(clamping: hour)
        unsafe time.tm_min = Int32(clamping: minute)
        unsafe time.tm_sec = Int32(clamping: second)
        unsafe time.tm_isdst = -1
        let wanted = unsafe civilSeconds(time)
        let seconds = unsafe Int64(mktime(&time))
        // What clocks skip comes back as a time before or after the gap.
        return unsafe civilSeconds(time) == wanted ? seconds : firstMoment(showing: wanted, near: seconds)
    }

    /// The date that calendars here show (localtime_r(3)).
    package static func date(unixSeconds: Int64) -> (year: Int, month: Int, day: Int) {
        tzset()
        let time = unsafe local(unixSeconds)
        return unsafe (Int(time.tm_year) + 1_900, Int(time.tm_mon) + 1, Int(time.tm_mday))
    }

    /// The first moment at which clocks show `wanted` or more; a gap may be as long as a day, where a date line moves.
    private static func firstMoment(showing wanted: Int64, near seconds: Int64) -> Int64 {
        var (before, after) = (seconds - 93_600, seconds + 93_600)
        while after - before > 1 {
            let middle = before + (after - before) / 2
            if unsafe civilSeconds(local(middle)) >= wanted { after = middle } else { before = middle }
        }
        return after
    }

    private static func local(_ unixSeconds: Int64) -> tm {
        var seconds = time_t(unixSeconds)
        var time = unsafe tm()
        unsafe localtime_r(&seconds, &time)
        return unsafe time
    }

    /// A date and a time of day as a number that grows as clocks do, the same in all zones.
    private static func civilSeconds(_ time: tm) -> Int64 {
        var time = unsafe time
        return unsafe Int64(timegm(&time))
    }
}

internal import Glibc

/// The time of day where this process is (tzset(3)): what people write without a zone.
package enum LocalTime {
    /// The moment at which clocks here show a date and a time (mktime(3)); `nil` for one that is not in the calendar, or
    /// that clocks skip.
    package static func unixSeconds(
        year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int
    ) -> Int64? {
        var time = unsafe tm()
        unsafe time.tm_year = Int32(clamping: year - 1_900)
        unsafe time.tm_mon = Int32(clamping: month - 1)
        unsafe time.tm_mday = Int32(clamping: day)
        unsafe time.tm_hour = Int32(clamping: hour)
        unsafe time.tm_min = Int32(clamping: minute)
        unsafe time.tm_sec = Int32(clamping: second)
        unsafe time.tm_isdst = -1
        let seconds = unsafe mktime(&time)
        // What is not in the calendar comes back as the next thing that is.
        let isAsGiven = unsafe time.tm_mday == day && time.tm_hour == hour && time.tm_min == minute
        return isAsGiven ? Int64(seconds) : nil
    }

    /// The date that calendars here show (localtime_r(3)).
    package static func date(unixSeconds: Int64) -> (year: Int, month: Int, day: Int) {
        var seconds = time_t(unixSeconds)
        var time = unsafe tm()
        tzset()
        unsafe localtime_r(&seconds, &time)
        return unsafe (Int(time.tm_year) + 1_900, Int(time.tm_mon) + 1, Int(time.tm_mday))
    }
}

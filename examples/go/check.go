package wsqueue

import (
	"encoding/json"
	"math"
	"reflect"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What a member may be.

var channelName = regexp.MustCompile(`\A[A-Za-z0-9._:-]{1,255}\z`)

func isLabel(value any) bool {
	text, ok := value.(string)
	return ok && text != "" && len(text) < 256 && utf8.ValidString(text) && strings.IndexFunc(text, unicode.IsControl) < 0
}

func isInteger(value any) bool {
	switch number := value.(type) {
	case int, int8, int16, int32, int64, uint8, uint16, uint32:
		return true
	case json.Number:
		_, err := number.Int64()
		return err == nil
	case float64: // As encoding/json reads numbers; beyond these it would write another one.
		return number == math.Trunc(number) && math.Abs(number) <= 1<<53
	}
	return false
}

func isTime(value any) bool {
	number, ok := value.(float64)
	if text, isNumber := value.(json.Number); isNumber {
		var err error
		number, err = text.Float64()
		ok = err == nil
	}
	return isInteger(value) || ok && math.Abs(number) < 1<<63
}

func isUser(value any) bool { return isInteger(value) || isLabel(value) }
func isChannel(value any) bool {
	text, ok := value.(string)
	return ok && channelName.MatchString(text)
}
func isBool(value any) bool { _, ok := value.(bool); return ok }
func isText(value any) bool { _, ok := value.(string); return ok }

// list makes a check of many of one for each: a slice of least to most, or one alone.
func list(check func(any) bool, least, most int, alone bool) func(any) bool {
	return func(value any) bool {
		values := reflect.ValueOf(value)
		if values.Kind() != reflect.Slice {
			return alone && check(value)
		}
		for index := 0; index < values.Len(); index++ {
			if !check(values.Index(index).Interface()) {
				return false
			}
		}
		return values.Len() >= least && values.Len() <= most
	}
}

var members = map[string]func(any) bool{
	"id": isUser, "channel": list(isChannel, 1, limit, true),
	"channels": list(isChannel, 1, limit, true), "recipients": list(isUser, 0, 1024, false),
	"except": list(isInteger, 0, 1024, true), "except_users": list(isUser, 0, 1024, true), "key": isUser, "clear": isBool,
	"timestamp": isTime, "queued_at": isTime, "expires_at": isTime, "traceparent": isText,
}

// meant is the member that a name was most likely meant to be: one whose beginning and end it shares.
func meant(name string) string {
	plain := func(text string) string { return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(text)) }
	name, nearest, far := plain(name), "", 3
	for member := range members {
		other, start, end := plain(member), 0, 0
		for start < len(name) && start < len(other) && name[start] == other[start] {
			start++
		}
		for end < len(name)-start && end < len(other)-start && name[len(name)-1-end] == other[len(other)-1-end] {
			end++
		}
		longest := len(name)
		if len(other) > longest {
			longest = len(other)
		}
		if longest-start-end < far {
			nearest, far = "; is '"+member+"' meant?", longest-start-end
		}
	}
	return nearest
}

// Check gives a *Refused for what the server would refuse, and for members that it does not know.
func Check(event string, given Members) error {
	if !isLabel(event) {
		return refuse("'event' has to be a text of 1 to 255 bytes without control characters")
	}
	isNone := func(name string) bool {
		values := reflect.ValueOf(given[name])
		return given[name] == nil || values.Kind() == reflect.Slice && values.Len() == 0
	}
	for name, value := range given {
		check, ok := members[name]
		if !ok {
			return refuse("'%s' is no member of an event%s", name, meant(name))
		}
		if value != nil && !check(value) {
			return refuse("'%s' is not as it should be", name)
		}
	}
	switch {
	case given["key"] == nil && given["clear"] == true:
		return refuse("'clear' wants a 'key'")
	case given["key"] != nil && (given["recipients"] != nil || !isNone("except") || !isNone("except_users")):
		return refuse("'key' cannot stand beside 'recipients', 'except' and 'except_users'")
	}
	return nil
}

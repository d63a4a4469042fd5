// Publishes events from Go: write under a name that begins with a dot, then rename. Only the standard library is used.
package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

const limit = 1 << 20 // bytes of an event that the server takes

var mutex sync.Mutex
var last int64
var channelName = regexp.MustCompile(`\A[A-Za-z0-9._:-]{1,255}\z`)

func isLabel(value any) bool {
	text, ok := value.(string)
	return ok && text != "" && len(text) < 256 && utf8.ValidString(text) && strings.IndexFunc(text, unicode.IsControl) < 0
}

func isInteger(value any) bool {
	switch number := value.(type) {
	case int, int8, int16, int32, int64, uint8, uint16, uint32:
		return true
	case float64: // As encoding/json reads numbers; beyond these it would write another one.
		return number == math.Trunc(number) && math.Abs(number) <= 1<<53
	}
	return false
}

func isTime(value any) bool {
	number, ok := value.(float64)
	return isInteger(value) || ok && !math.IsNaN(number) && !math.IsInf(number, 0)
}

func isUser(value any) bool { return isInteger(value) || isLabel(value) }
func isChannel(value any) bool {
	text, ok := value.(string)
	return ok && channelName.MatchString(text)
}
func isBool(value any) bool { _, ok := value.(bool); return ok }
func isText(value any) bool { _, ok := value.(string); return ok }

// list makes a check of many of one for each: a []any or []string of least to most, or one alone.
func list(check func(any) bool, least, most int, alone bool) func(any) bool {
	return func(value any) bool {
		values, ok := value.([]any)
		if texts, isTexts := value.([]string); isTexts {
			for _, text := range texts {
				values = append(values, text)
			}
			ok = true
		}
		if !ok {
			return alone && check(value)
		}
		for _, one := range values {
			if !check(one) {
				return false
			}
		}
		return len(values) >= least && len(values) <= most
	}
}

var members = map[string]func(any) bool{
	"event": isLabel, "payload": func(any) bool { return true }, "id": isUser, "channel": list(isChannel, 1, limit, true),
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

// Check says what the server would refuse, and which members it does not know.
func Check(event map[string]any) error {
	isNone := func(name string) bool {
		values, ok := event[name].([]any)
		return event[name] == nil || ok && len(values) == 0
	}
	for name, value := range event {
		check, ok := members[name]
		if !ok {
			return fmt.Errorf("'%s' is no member of an event%s", name, meant(name))
		}
		if value != nil && !check(value) {
			return fmt.Errorf("'%s' is not as it should be", name)
		}
	}
	switch {
	case event["event"] == nil:
		return fmt.Errorf("'event' has to be a text of 1 to 255 bytes without control characters")
	case event["key"] == nil && event["clear"] == true:
		return fmt.Errorf("'clear' wants a 'key'")
	case event["key"] != nil && (event["recipients"] != nil || !isNone("except") || !isNone("except_users")):
		return fmt.Errorf("'key' cannot stand beside 'recipients', 'except' and 'except_users'")
	}
	return nil
}

// Publish queues {"event": …, "payload": …}, with further members if need be, for wsqueue-server, and gives its id.
func Publish(directory string, event map[string]any) (name string, err error) {
	if err = Check(event); err != nil {
		return "", err
	}
	text, err := json.Marshal(event)
	if err == nil && len(text) > limit {
		err = fmt.Errorf("the event is larger than the %d bytes that the server takes", limit)
	}
	if err != nil {
		return "", err
	}
	mutex.Lock()
	defer mutex.Unlock()
	last++ // Always later than the last one: a clock set back must not turn this process's order round.
	if now := time.Now().UnixNano(); now > last {
		last = now
	}
	random := make([]byte, 4)
	rand.Read(random)
	name = fmt.Sprintf("%019d-%d-1-%x", last, os.Getpid(), random)
	hidden := directory + "/." + name + ".tmp"
	defer os.Remove(hidden) // After the rename there is nothing to remove.
	err = os.WriteFile(hidden, text, 0o600)
	if err == nil {
		err = os.Chmod(hidden, 0o644) // Whatever the umask is, the server must be able to read it.
	}
	if err == nil {
		err = os.Rename(hidden, directory+"/"+name+".json")
	}
	if id := event["id"]; id != nil && err == nil {
		return fmt.Sprint(id), nil
	}
	return name, err
}

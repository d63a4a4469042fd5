#!/bin/sh
# Mails each event, by the machine's sendmail, or by an SMTP server where SMTP_URL names one:
#   MAIL_TO=ops@example.org wsqueue-server tail -e 'backup.failed' --cursor-file /var/lib/mails/backup \
#       --exec /usr/local/bin/mail.sh
# While the mail server is away the events wait. sendmail's own 65 (the message is wrong) sets one aside.
set -eu
LC_ALL=C export LC_ALL
from=${MAIL_FROM:-wsqueue@$(uname -n)}
# An event's name has no line ends; one that is not ASCII is packed (RFC 2047).
case $WSQUEUE_EVENT in
*[!\ -~]*) subject=$(printf %s "$WSQUEUE_EVENT" | base64 | tr -d '\n' | fold -w 40 | sed 's/.*/=?UTF-8?B?&?=/;2,$s/^/ /') ;;
*) subject=$WSQUEUE_EVENT ;;
esac
letter() {
    printf '%s\n' "From: $from" "To: $MAIL_TO" "Subject: $subject" "Date: $(date -R)" \
        "Message-ID: <$(printf %s "$WSQUEUE_CURSOR" | tr : .)@$(uname -n)>" 'MIME-Version: 1.0' \
        'Content-Type: text/plain; charset=utf-8' 'Content-Transfer-Encoding: base64' ''
    base64
}
if [ -n "${SMTP_URL:-}" ]; then
    letter | sed 's/$/\r/' | curl -sS --max-time 60 --mail-from "$from" --mail-rcpt "$MAIL_TO" -T - "$SMTP_URL"
else
    letter | sendmail -oi -t
fi

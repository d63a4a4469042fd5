"""What `GET /metrics` says, read by Prometheus's own reader."""

from prometheus_client.parser import text_string_to_metric_families

from .http import request


def scrape(server, *fields, host="127.0.0.1"):
    return request(server, "/metrics", *fields, host=host)


class Metrics:
    """The numbers of one moment."""

    def __init__(self, server):
        answer = scrape(server)
        assert answer.status == 200, answer.body
        # A list: the reader gives a counter's name without its _total, and a gauge may have that name.
        self.families = list(text_string_to_metric_families(answer.body.decode()))
        self.samples = {}
        for family in self.families:
            for sample in family.samples:
                key = (sample.name, *sorted(sample.labels.items()))
                assert key not in self.samples, f"{key} twice"
                self.samples[key] = sample.value

    def __call__(self, name, /, **labels):
        """One number; 0 where a label has not occurred yet."""
        return self.samples.get((name, *sorted(labels.items())), 0)

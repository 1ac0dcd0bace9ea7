"""Results that wait: one for each destination, one sender at a time, gone with the waveform; on both databases."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from cardiov_core import review
from cardiov_core.review import Store
from cardiov_core.review.deliveries import Delivery

AddCase = Callable[..., str]


def test_a_result_is_queued_once_for_each_destination(store: Store, add: AddCase) -> None:
    case = add("a")
    assert review.queue_delivery(store, case, "fhir here", b"1")
    assert not review.queue_delivery(store, case, "fhir here", b"2")
    assert review.queue_delivery(store, case, "hl7 there", b"3")
    assert sorted(each.content for each in review.waiting_deliveries(store)) == [b"1", b"3"]


def test_two_senders_never_get_the_same_one(store: Store, add: AddCase) -> None:
    for name in "abcdef":
        review.queue_delivery(store, add(name), "fhir here", name.encode())

    def _all(_: int) -> list[Delivery]:
        taken = []
        while (delivery := review.claim_delivery(store)) is not None:
            taken.append(delivery)
        return taken

    with ThreadPoolExecutor(4) as pool:
        found = [each.id for taken in pool.map(_all, range(4)) for each in taken]
    assert len(found) == len(set(found)) == 6


def test_the_pause_doubles_up_to_a_quarter_of_an_hour(store: Store, add: AddCase) -> None:
    review.queue_delivery(store, add("a"), "fhir here", b"1")
    at, waits = datetime.now(UTC) + timedelta(seconds=1), []
    for _ in range(9):
        delivery = review.claim_delivery(store, at)
        assert delivery is not None
        review.note_failed(store, delivery, "away", at)
        (waiting,) = review.waiting_deliveries(store)
        waits.append((waiting.next_at - at).total_seconds())
        assert review.claim_delivery(store, at) is None
        at = waiting.next_at
    assert waits == [10, 20, 40, 80, 160, 320, 640, 900, 900]


def test_a_result_that_waits_goes_with_the_waveform(store: Store, add: AddCase) -> None:
    # Both have one waveform.
    sent, waits = add("a"), add("b")
    review.queue_delivery(store, sent, "fhir here", b"1")
    delivery = review.claim_delivery(store)
    assert delivery is not None
    review.note_sent(store, delivery, "test")
    review.queue_delivery(store, waits, "fhir here", b"the signal")
    review.delete_waveform(store, waits, "Ada", "the patient asked for it")
    assert review.waiting_deliveries(store) == ()
    assert review.claim_delivery(store, datetime.now(UTC) + timedelta(days=1)) is None
    # What was sent stays known, so that it does not go again.
    assert not review.queue_delivery(store, sent, "fhir here", b"1")

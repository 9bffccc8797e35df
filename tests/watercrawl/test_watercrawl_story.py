"""What a follower of a status stream does next, whatever has happened: decided without a service."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from asyncjobs._state_streams import Step, Story
from asyncjobs.watercrawl import CRAWL

WHAT = ("opened", "broke", "ended", "looked")


@given(st.lists(st.sampled_from(WHAT)), st.booleans())
def test_story_always_goes_on_and_ends_when_the_end_was_told(happened, final):
    """There is a next step after anything, the end is told where it is known, and nothing follows it."""
    story = Story(CRAWL.states)
    for each in happened:
        getattr(story, each)()
        step = story.next(final=final)
        assert step is not Step.END
        assert step is not Step.TELL or final
        assert step not in {Step.LOOK, Step.WAIT} or not final
    story.told_end()
    assert story.next(final=final) is Step.END


@given(st.lists(st.sampled_from(WHAT)))
def test_story_without_a_stream_that_ended_asks_for_it_again(happened):
    """After a break comes a look; after an end in good order nobody asks for a stream any more."""
    story = Story(CRAWL.states)
    for each in happened:
        getattr(story, each)()
    story.broke()
    assert story.next(final=False) is (Step.WAIT if "ended" in happened else Step.LOOK)
    story.ended()
    assert (story.next(final=False), story.next(final=True)) == (Step.WAIT, Step.TELL)


@given(st.lists(st.integers(0, 5)))
def test_story_gives_each_part_once(numbers):
    """However often it is told; what has no id is always given."""
    story = Story(CRAWL.states)
    given_ = [n for n in numbers if story.read(json.dumps({"type": "result", "data": {"uuid": str(n)}}))]

    assert given_ == list(dict.fromkeys(numbers))
    assert story.read('{"type": "result", "data": {}}') == story.read('{"type": "result", "data": {}}') is not None


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_story_takes_no_harm_from_nonsense(data):
    """It is no news, or an object."""
    story = Story(CRAWL.states)
    told = story.read(data)

    assert told is None or (isinstance(told[0], dict) and told[1] is None)

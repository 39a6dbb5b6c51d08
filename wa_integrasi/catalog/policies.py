"""What admins decide of incoming messages. The descriptions go into the JSON Schema that editors show."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from wa_integrasi.catalog.fields import ClockTime, Entry, Language, Roles, Slug, wrong
from wa_integrasi.policy.spam import Rate, SpamRules
from wa_integrasi.policy.words import Entries, Words

Count = Annotated[int, Field(strict=True, ge=1, le=10_000)]


class SpamPolicy(Entry):
    """When somebody writes too much: they are told once, and not heard until they pause."""

    per_minute: Count = Field(default=20, description="Messages a minute that one person may write.")
    burst: Count = Field(default=15, description="How many of them may come at once.")
    group_per_minute: Count = Field(default=10, description="The same for one person in a group chat.")
    group_burst: Count = Field(default=8, description="The same for one person in a group chat.")
    repeats: Count = Field(default=5, description="How often in a row the same may be said.")
    repeats_within_s: Count = Field(default=60, description="Seconds after which it counts as said anew.")
    cooldown_s: Count = Field(default=300, description="Seconds that a silenced person must pause to be heard again.")

    @property
    def rules(self) -> SpamRules:
        """As the policy takes them."""
        return SpamRules(
            Rate(self.per_minute, self.burst),
            Rate(self.group_per_minute, self.group_burst),
            self.repeats,
            timedelta(seconds=self.repeats_within_s),
            timedelta(seconds=self.cooldown_s),
        )


class WordsPolicy(Entry):
    """Words and phrases of the plant, beside those that are built in. `gas + bocor` are two words near each other."""

    hazards: Entries = Field(default=(), description="Danger to many: critical.", examples=[["kiln merah"]])
    casualties: Entries = Field(default=(), description="People who are hurt or trapped: critical.")
    high: Entries = Field(default=(), description="What hurries, whatever it is about: high.")
    stoppages: Entries = Field(default=(), description="What stands still: high.", examples=[["mill 2 + stop"]])
    faults: Entries = Field(default=(), description="What is broken, and can wait: normal.")

    @property
    def words(self) -> Words:
        """Together with the built-in ones."""
        own = Words()
        more = {name: (*getattr(own, name), *getattr(self, name)) for name in type(self).model_fields}
        return own.model_copy(update=more)


class QuietHours(Entry):
    """Hours of the business zone in which only what is urgent is told; they may go past midnight."""

    start: ClockTime = Field(description="When they begin.", examples=["21:00"])
    end: ClockTime = Field(description="When they are over.", examples=["06:00"])

    @model_validator(mode="after")
    def _last(self) -> Self:
        if self.start == self.end:
            raise wrong(f"found {self.start} for both start and end, must be two times")
        return self


class ComplaintPolicy(Entry):
    """How complaints are acknowledged, and who is told of those that nobody answers."""

    templates: dict[Language, str] = Field(
        default_factory=dict,
        description="Names of the chat templates of the acknowledgement, by language; without one a built-in text.",
        examples=[{"id": "komplain-diterima"}],
    )
    escalate_minutes: tuple[Annotated[int, Field(strict=True, ge=1, le=43_200)], ...] = Field(
        default=(),
        max_length=5,
        description="Minutes without a person's answer after which people on duty are told, once for each.",
        examples=[[30, 120]],
    )
    duty_group: str | None = Field(
        default=None, description="Contact or group that is told; without it the duty_group of the intake."
    )
    owner: str | None = Field(
        default=None,
        description="Name of the contact who is told of complaints that cannot be answered; without it duty_group.",
    )
    quiet: QuietHours | None = Field(
        default=None, description="When nobody is told, but of a complaint that its words make urgent."
    )

    @model_validator(mode="after")
    def _later_and_later(self) -> Self:
        minutes = self.escalate_minutes
        if list(minutes) != sorted(set(minutes)):
            raise wrong(f"escalate_minutes: found {list(minutes)}, must be minutes that grow, such as 30, 120")
        return self


class SubscriptionsPolicy(Entry):
    """Who may subscribe to reports and to limits of values. Nobody may, unless a role is named here."""

    roles: Roles = Field(
        default=(),
        description="Roles that may subscribe, each to what they may ask for; without any nobody may.",
        examples=[["operator"]],
    )
    most: Annotated[int, Field(strict=True, ge=1, le=100)] = Field(
        default=10, description="How many subscriptions one person may have."
    )
    repeat_minutes: Count = Field(
        default=60, description="Minutes after which a limit that is still passed is told of again."
    )
    shortest_repeat_minutes: Count = Field(
        default=15, description="Minutes that people may shorten that to for a subscription of theirs."
    )


class IntakePolicy(Entry):
    """What becomes of messages that are no command and no complaint, who is told of urgent ones, marks on commands."""

    spam: SpamPolicy = Field(default=SpamPolicy(), description="When somebody writes too much.")
    words: WordsPolicy = Field(default=WordsPolicy(), description="Words by which urgency is judged.")
    subscriptions: SubscriptionsPolicy = Field(
        default=SubscriptionsPolicy(), description="Who may subscribe to reports and to limits of values."
    )
    ai: Slug | None = Field(
        default=None,
        description="Name of the AI block that says what a message is about; without it keyword rules do.",
        examples=["default"],
    )
    duty_group: str | None = Field(
        default=None, description="Contact or group that is told at once of what is urgent.", examples=["piket"]
    )
    duty_account: Slug = Field(default="default", description="WhatsApp account that tells them.")
    reactions: Literal["slow", "always", "off"] = Field(
        default="slow",
        description="When a command is marked with ⏳ and then ✅ or ❌, where the channel has reactions: where its "
        "answer takes longer than a second, always, or never.",
    )
    quiet_minutes: Count = Field(
        default=240, description="After so many minutes without a word the next message begins a new conversation."
    )
    complaints: ComplaintPolicy = Field(default=ComplaintPolicy(), description="What becomes of complaints.")

"""Exa: Websets with their searches and enrichments, and runs of the agent."""

from __future__ import annotations

from asyncjobs.exa._agent import (
    Agent,
    Runs,
)
from asyncjobs.exa._agent_events import (
    AgentCallArguments,
    AgentEvent,
    AgentEventDetail,
    AgentItemMetadata,
    AgentOutputItem,
    AgentPreliminaryList,
    AgentRunChange,
    AgentSearchTrace,
    AgentSource,
    AgentSourcesTruncated,
)
from asyncjobs.exa._agent_models import (
    AgentConfidence,
    AgentCostDollars,
    AgentError,
    AgentGroundingCitation,
    AgentGroundingEntry,
    AgentOutput,
    AgentRun,
    AgentRunStatus,
    AgentStopReason,
    AgentUsage,
    DeletedAgentRun,
)
from asyncjobs.exa._agent_request import (
    AgentBudget,
    AgentDataSource,
    AgentEffort,
    AgentInput,
    AgentRequest,
)
from asyncjobs.exa._client import (
    Exa,
)
from asyncjobs.exa._deliveries import (
    Delivery,
)
from asyncjobs.exa._imports import (
    Imports,
)
from asyncjobs.exa._items import (
    EnrichmentResult,
    EnrichmentResultStatus,
    Reference,
    Satisfied,
    WebsetItem,
    WebsetItemEvaluation,
    WebsetItemSource,
)
from asyncjobs.exa._models import (
    Webset,
    WebsetEnrichment,
    WebsetEnrichmentOption,
    WebsetEnrichmentStatus,
    WebsetSearch,
    WebsetSearchCanceledReason,
    WebsetSearchProgress,
    WebsetSearchRecall,
    WebsetSearchRecallBounds,
    WebsetSearchRecallConfidence,
    WebsetSearchRecallExpected,
    WebsetSearchStatus,
    WebsetStatus,
)
from asyncjobs.exa._monitoring import (
    MonitorRuns,
    Monitors,
)
from asyncjobs.exa._monitors import (
    Import,
    ImportFailedReason,
    ImportFormat,
    ImportStatus,
    Monitor,
    MonitorBehavior,
    MonitorBehaviorConfig,
    MonitorCadence,
    MonitorRun,
    MonitorRunStatus,
    MonitorRunType,
    MonitorStatus,
)
from asyncjobs.exa._parts import (
    Entity,
    EntityType,
    ExcludeItem,
    ScopeItem,
    ScopeRelationship,
    SourceType,
    WebsetEnrichmentFormat,
    WebsetSearchBehavior,
    WebsetSearchCriterion,
)
from asyncjobs.exa._properties import (
    ArticleFields,
    ArticleProperties,
    CompanyFields,
    CompanyProperties,
    CustomProperties,
    PersonCompanyFields,
    PersonFields,
    PersonProperties,
    ResearchPaperProperties,
    UnknownProperties,
    WebsetItemProperties,
)
from asyncjobs.exa._provider import (
    AGENT_RUN,
    ENRICHMENT,
    EXA,
    SEARCH,
)
from asyncjobs.exa._receiving import (
    WebhookReceiver,
    verify_webhook,
)
from asyncjobs.exa._signatures import (
    InvalidSignature,
)
from asyncjobs.exa._webset_events import (
    WebsetEvent,
)
from asyncjobs.exa._webset_items import (
    Items,
)
from asyncjobs.exa._webset_jobs import (
    Enrichments,
    Searches,
)
from asyncjobs.exa._webset_kinds import (
    IMPORT,
    MONITOR_RUN,
    WEBSET,
)
from asyncjobs.exa._websets import (
    Websets,
)

__all__ = [
    "AGENT_RUN",
    "ENRICHMENT",
    "EXA",
    "IMPORT",
    "MONITOR_RUN",
    "SEARCH",
    "WEBSET",
    "Agent",
    "AgentBudget",
    "AgentCallArguments",
    "AgentConfidence",
    "AgentCostDollars",
    "AgentDataSource",
    "AgentEffort",
    "AgentError",
    "AgentEvent",
    "AgentEventDetail",
    "AgentGroundingCitation",
    "AgentGroundingEntry",
    "AgentInput",
    "AgentItemMetadata",
    "AgentOutput",
    "AgentOutputItem",
    "AgentPreliminaryList",
    "AgentRequest",
    "AgentRun",
    "AgentRunChange",
    "AgentRunStatus",
    "AgentSearchTrace",
    "AgentSource",
    "AgentSourcesTruncated",
    "AgentStopReason",
    "AgentUsage",
    "ArticleFields",
    "ArticleProperties",
    "CompanyFields",
    "CompanyProperties",
    "CustomProperties",
    "DeletedAgentRun",
    "Delivery",
    "EnrichmentResult",
    "EnrichmentResultStatus",
    "Enrichments",
    "Entity",
    "EntityType",
    "Exa",
    "ExcludeItem",
    "Import",
    "ImportFailedReason",
    "ImportFormat",
    "ImportStatus",
    "Imports",
    "InvalidSignature",
    "Items",
    "Monitor",
    "MonitorBehavior",
    "MonitorBehaviorConfig",
    "MonitorCadence",
    "MonitorRun",
    "MonitorRunStatus",
    "MonitorRunType",
    "MonitorRuns",
    "MonitorStatus",
    "Monitors",
    "PersonCompanyFields",
    "PersonFields",
    "PersonProperties",
    "Reference",
    "ResearchPaperProperties",
    "Runs",
    "Satisfied",
    "ScopeItem",
    "ScopeRelationship",
    "Searches",
    "SourceType",
    "UnknownProperties",
    "WebhookReceiver",
    "Webset",
    "WebsetEnrichment",
    "WebsetEnrichmentFormat",
    "WebsetEnrichmentOption",
    "WebsetEnrichmentStatus",
    "WebsetEvent",
    "WebsetItem",
    "WebsetItemEvaluation",
    "WebsetItemProperties",
    "WebsetItemSource",
    "WebsetSearch",
    "WebsetSearchBehavior",
    "WebsetSearchCanceledReason",
    "WebsetSearchCriterion",
    "WebsetSearchProgress",
    "WebsetSearchRecall",
    "WebsetSearchRecallBounds",
    "WebsetSearchRecallConfidence",
    "WebsetSearchRecallExpected",
    "WebsetSearchStatus",
    "WebsetStatus",
    "Websets",
    "verify_webhook",
]

"""The tables, and nothing but tables; importing this package registers them all."""

from core.campaign_specs import HPOMethod
from core.models.api_key import APIKey, APIUsage
from core.models.api_request_log import APIMetricsSummary, APIRequestLog
from core.models.artifact import Artifact
from core.models.backup_code import BackupCode
from core.models.base import Base
from core.models.campaign import TrialState
from core.models.dataset import Dataset
from core.models.dataset_generation import DatasetGeneration, DatasetGenerationStatus
from core.models.dataset_import import DatasetImport, DatasetImportStatus
from core.models.email_digest_queue import EmailDigestQueue
from core.models.email_log import EmailLog
from core.models.experiment import TRAINED_HERE, Experiment, ExperimentSource, ExperimentStatus
from core.models.experiment_metric import Direction, ExperimentMetric
from core.models.experiment_parameter import ExperimentParameter
from core.models.explanation import Explanation
from core.models.hpo_campaign import HPOCampaign, HPOTrial
from core.models.job import Job, JobStatus
from core.models.login_history import LoginHistory
from core.models.nas_campaign import NASCampaign, NASTrial
from core.models.notification_preference import NotificationPreference
from core.models.saved_query import SavedQuery
from core.models.saved_search import SavedSearch
from core.models.sealed_part import SealedPart, SealedRemoval
from core.models.session_log import SessionLog
from core.models.signal import Signal
from core.models.system_log import SystemLog
from core.models.tag import ExperimentTag, Tag
from core.models.tick import Tick
from core.models.training_run import TrainingRun
from core.models.upload import Upload
from core.models.user import User
from core.models.webhook_configuration import WebhookConfiguration
from core.models.webhook_log import WebhookLog

__all__ = [
    "TRAINED_HERE",
    "APIKey",
    "APIMetricsSummary",
    "APIRequestLog",
    "APIUsage",
    "Artifact",
    "BackupCode",
    "Base",
    "Dataset",
    "DatasetGeneration",
    "DatasetGenerationStatus",
    "DatasetImport",
    "DatasetImportStatus",
    "Direction",
    "EmailDigestQueue",
    "EmailLog",
    "Experiment",
    "ExperimentMetric",
    "ExperimentParameter",
    "ExperimentSource",
    "ExperimentStatus",
    "ExperimentTag",
    "Explanation",
    "HPOCampaign",
    "HPOMethod",
    "HPOTrial",
    "Job",
    "JobStatus",
    "LoginHistory",
    "NASCampaign",
    "NASTrial",
    "NotificationPreference",
    "SavedQuery",
    "SavedSearch",
    "SealedPart",
    "SealedRemoval",
    "SessionLog",
    "Signal",
    "SystemLog",
    "Tag",
    "Tick",
    "TrainingRun",
    "TrialState",
    "Upload",
    "User",
    "WebhookConfiguration",
    "WebhookLog",
]

from .arrivals import Intake as Intake
from .outbox import Outbox as Outbox
from .settings import outgoing_from_environment as outgoing_from_environment
from .storage_service import StorageService as StorageService
from .watched_folder import WatchedFolder as WatchedFolder

from .access import Clients as Clients
from .access import new_token as new_token
from .endpoints import make_app as make_app
from .endpoints import run_service as run_service
from .limits import Limits as Limits

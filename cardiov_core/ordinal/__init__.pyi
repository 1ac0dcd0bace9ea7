from .decoding import decode as decode
from .decoding import repair as repair
from .encoding import N_LEVELS as N_LEVELS
from .encoding import encode as encode

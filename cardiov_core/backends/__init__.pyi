from .choice import backend_words as backend_words
from .choice import check_backend as check_backend
from .choice import chosen_backend as chosen_backend
from .converted import ConvertedNetwork as ConvertedNetwork
from .kept import kept_networks as kept_networks

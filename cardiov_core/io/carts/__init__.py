"""Files of carts and archives: told apart by content, guarded, parsed by ecgdatakit, taken to mV."""

from cardiov_core.io.carts.formats import VendorFormat, vendor_format
from cardiov_core.io.carts.read import knows, read_vendor

__all__ = ["VendorFormat", "knows", "read_vendor", "vendor_format"]

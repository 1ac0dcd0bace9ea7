"""Files of carts and archives: recognised by content, guarded, parsed by ecgdatakit or here, taken to mV."""

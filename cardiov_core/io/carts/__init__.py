"""Files of carts and archives: told apart by content, guarded, parsed by ecgdatakit or here, taken to mV."""

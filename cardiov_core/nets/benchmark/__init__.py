"""The networks of the PTB-XL benchmark (Strodthoff et al. 2021, doi:10.1109/JBHI.2020.3022989)."""

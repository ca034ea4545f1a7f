"""What a partner without JDS starts with: a workbook to fill in, a mapping to change, and how a filled folder becomes a delivery."""

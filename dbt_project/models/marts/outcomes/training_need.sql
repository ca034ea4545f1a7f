{{ declared_only() }}

-- Current variants of products with their stock, all supply channels together.

with stock as (

    select
        sku,
        count(*) as entries,
        sum(quantityOnStock) as on_stock,
        sum(availableQuantity) as available,
        -- One that sold more than it had is below zero, and takes nothing from another.
        max(availableQuantity) <= 0 as is_out_of_stock
    from {{ source('commercetools', 'inventory') }}
    group by all

)

select
    variants.product_id,
    variants.variant_id,
    variants.sku,
    variants.product_key,
    variants.product_name,
    variants.product_type_id,
    variants.is_published,
    coalesce(stock.entries, 0) as inventory_entries,
    stock.on_stock,
    stock.available,
    stock.is_out_of_stock
from {{ ref('current_variants') }} as variants
left join stock on stock.sku = variants.sku

-- Current variants of products with their stock, all supply channels together.

with stock as (

    select
        sku,
        count(*) as entries,
        sum(quantityOnStock) as on_stock,
        sum(availableQuantity) as available
    from {{ source('commercetools', 'inventory') }}
    group by all

)

select
    variants.productId as product_id,
    variants.id as variant_id,
    variants.sku,
    products.key as product_key,
    coalesce(data.name['{{ var("language") }}'], map_values(data.name)[1]) as product_name,
    products.productType_id as product_type_id,
    products.masterData_published as is_published,
    coalesce(stock.entries, 0) as inventory_entries,
    stock.on_stock,
    stock.available,
    stock.available <= 0 as is_out_of_stock
from {{ source('commercetools', 'product_variants') }} as variants
join {{ source('commercetools', 'products') }} as products on products.id = variants.productId
join {{ source('commercetools', 'product_data') }} as data
    on data.productId = variants.productId and data.staged = variants.staged
left join stock on stock.sku = variants.sku
where not variants.staged
